"""What every source shares: contracts of the raw tables, privacy at load, rejected rows."""
