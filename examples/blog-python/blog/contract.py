"""The contract record beside the code. Its hash is announced, so that drift between instances shows."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

FILE = Path(__file__).resolve().parent.parent / "contract.json"


def contract_hash() -> str:
    """12 hex digits; the same for every instance with the same record."""
    document = json.loads(FILE.read_text(encoding="utf-8"))
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    return sha256(text.encode()).hexdigest()[:12]
