"""XCryoNet: scores grid squares from their low-magnification crops. Imports none of ours."""
