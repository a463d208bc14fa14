"""Lab 02: the exercises come with the whole lab."""

from lab_helpers.exercises import Exercise

EXERCISES: dict[str, Exercise] = {}
