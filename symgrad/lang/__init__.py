"""How people write it: grammar, model, SymPy authoring, printing as text."""
