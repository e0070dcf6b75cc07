"""The same place twice: which cracks are new, grown or gone."""
