"""The algorithm: pure tensors, no files, no flags, no prints, no clocks."""
