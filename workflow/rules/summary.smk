# The summary, whatever happened.
