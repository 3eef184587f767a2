-- Keys that are known only while a script runs. The same names as in src/store/keys.ts, from the same root.
local function keyOf(kind, id) return A.root .. kind .. ':' .. id end
local function laneKey(queue, skills) return A.root .. 'lane:' .. queue .. ':' .. skills end
local function idleKey(queue, skill) return A.root .. 'idle:' .. queue .. ':' .. skill end
