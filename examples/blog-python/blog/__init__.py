"""The blog contract of this system in Python. `python3 -m blog serve` starts it; README.md says where to begin."""
