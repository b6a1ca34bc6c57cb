module vectors

go 1.23

require golang.org/x/mod v0.30.0
