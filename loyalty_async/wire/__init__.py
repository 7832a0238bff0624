"""JSON, and nothing else of the network, to and from models; the only importer of cattrs."""
