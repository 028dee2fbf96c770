"""The arena's own modules are found beside its tests."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # corpus, judges
sys.path.insert(0, str(Path(__file__).parents[1]))
