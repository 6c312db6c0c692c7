"""Many pictures: combinations and sweeps, the manifest, jobs, contact sheets."""
