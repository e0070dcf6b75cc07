"""Crack-free walls as pictures: drawn from noise, or cut from photographs."""
