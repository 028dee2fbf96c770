"""What can be said and what counts as proved: terms, functions, theorems, rules, certificates."""
