"""Work on a Ray cluster: trainings as tasks, inference units as replicas of Ray Serve. The only code that knows Ray."""
