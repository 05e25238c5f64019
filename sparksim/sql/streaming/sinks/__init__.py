"""Where results go: files, Kafka, the console, memory, functions of the program."""
