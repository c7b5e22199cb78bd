//go:build purego

package ct

// extraTags builds helper programs as this test was built.
const extraTags = ",purego"
