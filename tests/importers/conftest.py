"""What the importer's tests share: random_functions."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
