"""Where streams come from: files, sockets, Kafka, rates, memory."""
