"""The events of a session: columns in chunks, retention, views, the filter language, processes, losses and files.

Knows neither the screen nor BPF: batches come in, events and masks go out.
"""
