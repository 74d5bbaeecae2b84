"""WhatsApp «Export chat» files: `.txt`, `.txt.gz` and the `.zip` that the phone makes."""
