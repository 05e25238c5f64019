"""The course's graded exercises: their format, the sandbox that submissions run in, and the grader."""
