# Makes OUT, a C file with one function a text file: cmake -DOUT=... -DHEADER=... -DFILES="name=path,..." -P
# embed.cmake
set(c "/* Made by embed.cmake. */\n#include \"${HEADER}\"\n")
string(REPLACE "," ";" FILES "${FILES}")
foreach(pair ${FILES})
    string(REGEX REPLACE "=.*" "" name "${pair}")
    string(REGEX REPLACE "^[^=]*=" "" path "${pair}")
    file(READ "${path}" hex HEX)
    string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
    string(APPEND c "const char *${name}(void) {\n    static const char text[] = {${bytes}0};\n    return text;\n}\n")
endforeach()
file(WRITE "${OUT}" "${c}")
