"""For teachers: is a machine ready, how many learners share one, how far is everybody. Nothing leaves the machine."""
