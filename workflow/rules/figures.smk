# Figures (placeholder until wired)
