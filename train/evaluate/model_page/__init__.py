"""What a model's page shows: figures on each set, reliability, and a contact sheet."""
