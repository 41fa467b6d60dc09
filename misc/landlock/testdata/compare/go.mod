// This module compares package landlock with github.com/landlock-lsm/go-landlock.
// It is one of its own so that the other one needs nothing but the standard library.
module golandlock/misc/landlock/testdata/compare

go 1.26.0

require (
	github.com/landlock-lsm/go-landlock v0.11.0
	golandlock v0.0.0
)

require (
	golang.org/x/sys v0.48.0 // indirect
	kernel.org/pub/linux/libs/security/libcap/psx v1.2.77 // indirect
)

replace golandlock => ../../../..
