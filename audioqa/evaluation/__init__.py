"""How well estimators agree with listeners (ITU-T P.1401), and maps fitted to one's own listeners."""
