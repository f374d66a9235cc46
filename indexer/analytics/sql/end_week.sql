SELECT MAX(wk) + 1 FROM week
