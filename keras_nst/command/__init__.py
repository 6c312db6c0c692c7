"""What the commands share: the command line, folders, records and logs."""
