"""How near a network comes to what its runtime can do on the same core."""
