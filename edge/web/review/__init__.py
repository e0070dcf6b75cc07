"""The page on which the findings of a survey are reviewed."""
