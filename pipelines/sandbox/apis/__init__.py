"""Emulators of the CRM's APIs over the emulated company: they refuse what the real ones refuse."""
