module golandlock

go 1.25

ignore (
	./src
	./test
)
