#!/usr/bin/env python3
"""Measure the node against its peers: `python bench/run.py`; the first time, set up what it needs."""

import os
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT / "tools"))

import environment  # noqa: E402

inside = Path(sys.prefix) == CHECKOUT / ".venv"
variables = dict(os.environ) if inside else environment.prepare("requirements.lock")
variables["PYTHONPATH"] = f"{CHECKOUT / 'src'}{os.pathsep}{CHECKOUT / 'bench'}"
os.execve(environment.python(), [environment.python(), "-P", "-m", "measure", *sys.argv[1:]], variables)
