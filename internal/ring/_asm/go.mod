module github.com/pqkx/pqkx/internal/ring/_asm

go 1.26

require github.com/mmcloughlin/avo v0.5.0
