"""The processes of a run: how they start, agree, and end when one of them dies."""
