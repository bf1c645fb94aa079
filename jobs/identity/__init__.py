"""Who is whom: patient records of one human told by several feeds, found by rules, by probability and by a steward."""
