"""What cuts a model narrower while it answers as nearly as it can like before."""
