// Write tlog.json with Go's own implementation of transparency logs.
package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const entries = 600

type inclusion struct {
	Index, Size int64
	Proof       string
}

type consistency struct {
	Old, New int64
	Proof    string
}

type tile struct {
	Size int64
	Path string
	Data string
}

func check[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func joined(hashes []tlog.Hash) string {
	var all []byte
	for _, hash := range hashes {
		all = append(all, hash[:]...)
	}
	return hex.EncodeToString(all)
}

func main() {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var out []tlog.Hash
		for _, index := range indexes {
			out = append(out, stored[index])
		}
		return out, nil
	})
	roots := []string{}
	for number := int64(0); number < entries; number++ {
		stored = append(stored, check(tlog.StoredHashes(number, []byte(fmt.Sprint("entry ", number)), reader))...)
		root := check(tlog.TreeHash(number+1, reader))
		roots = append(roots, hex.EncodeToString(root[:]))
	}
	inclusions, consistencies, tiles := []inclusion{}, []consistency{}, []tile{}
	for _, size := range []int64{1, 2, 3, 7, 8, 100, 255, 256, 257, 511, 512, 513, 599, 600} {
		for _, index := range []int64{0, 1, 2, 6, 99, 255, 256, 400, 511, 512, 599} {
			if index < size {
				inclusions = append(inclusions, inclusion{index, size, joined(check(tlog.ProveRecord(size, index, reader)))})
			}
			if old := index + 1; old <= size {
				consistencies = append(consistencies, consistency{old, size, joined(check(tlog.ProveTree(size, old, reader)))})
			}
		}
		for _, each := range tlog.NewTiles(8, 0, size) {
			data := check(tlog.ReadTileData(each, reader))
			sum := tlog.RecordHash(data)
			tiles = append(tiles, tile{size, strings.TrimPrefix(each.Path(), "tile/8/"), hex.EncodeToString(sum[:])})
		}
	}
	root := check(tlog.TreeHash(entries, reader))
	text := fmt.Sprintf("node.example/log\n%d\n%s\n", entries, base64.StdEncoding.EncodeToString(root[:]))
	private := ed25519.NewKeyFromSeed([]byte("a seed for vectors, not a secret"))
	public := private.Public().(ed25519.PublicKey)
	verifier := check(note.NewEd25519VerifierKey("node.example/log", public))
	hash := strings.Split(verifier, "+")[1]
	secret := fmt.Sprintf("PRIVATE+KEY+node.example/log+%s+%s", hash, base64.StdEncoding.EncodeToString(append([]byte{1}, private.Seed()...)))
	signed := check(note.Sign(&note.Note{Text: text}, check(note.NewSigner(secret))))
	out := map[string]any{
		"roots": roots, "inclusions": inclusions, "consistencies": consistencies, "tiles": tiles,
		"note": string(signed), "verifier_key": verifier,
	}
	encoded := check(json.MarshalIndent(out, "", " "))
	check(0, os.WriteFile("tlog.json", append(encoded, '\n'), 0o644))
}
