# As scripts/start, for Windows: makes .venv, installs, fetches the weights, paints a first picture.
$ErrorActionPreference = "Stop"
Set-Location (Join-Path $PSScriptRoot "..")
if (-not (Test-Path .venv)) { python -m venv .venv }
$python = ".venv\Scripts\python.exe"
& $python -m pip install --quiet -e .
& $python -m keras_nst.system.weights
& $python -m keras_nst.run --flagfile=configs/starry.cfg @args
