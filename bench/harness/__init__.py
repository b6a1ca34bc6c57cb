"""What every comparison shares: figures and their targets, interleaved rounds, peers, load, reports."""
