"""Start the processes of a run, let them agree, and end all when one of them dies."""
