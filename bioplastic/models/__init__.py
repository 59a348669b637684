"""Published systems as estimators; one package per paper."""
