"""Never comes to its end."""

while True:
    pass
