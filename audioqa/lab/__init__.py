"""The impairment laboratory: codecs, fault injection and evaluation on real speech; not used to score a call."""
