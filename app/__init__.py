"""The screens: figures of the published version, their rows and their SQL, in two languages."""
