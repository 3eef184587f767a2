-- Keys that are known only while a script runs. The same names as in src/store/keys.ts, from the same root.
local function keyOf(kind, id) return A.root .. kind .. ':' .. id end
