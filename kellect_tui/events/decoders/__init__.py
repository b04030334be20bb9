"""From a record to its arguments: decoders by what they are about, each with the kinds of argument that it is for."""
