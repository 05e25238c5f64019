"""Takes all the memory that it gets."""

hoard = []
while True:
    hoard.append(bytearray(1 << 20))
