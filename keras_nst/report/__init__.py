"""What a run, or a batch, has come to, told in one page that needs nothing else."""
