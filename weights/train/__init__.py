"""Recipes behind the embedded weights."""
