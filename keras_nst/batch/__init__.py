"""Many jobs: combinations and sweeps, the manifest, who does them, contact sheets."""
