/* A small stand-in for libnvidia-ml.so.1, for tests only: the calls that lptui makes, answered from a rules file.
 *
 * STAND_IN_RULES names a file of lines `device call code`: device -1 stands for all, `code` is the nvmlReturn_t to give
 * (0: as if there were no rule), or -1 to hang until the line is gone. It is read at each call, so a test changes it at
 * any time. `-1 devices N` sets the number of devices. STAND_IN_LOG gets one line `device call` a call.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HANG (-1)
#define API __attribute__((visibility("default")))

typedef struct { int index; } *handle;
typedef struct { unsigned long long total, free, used; } memory_v1;
typedef struct { unsigned version; unsigned long long total, reserved, free, used; } memory_v2;
typedef struct { unsigned gpu, memory; } rates;
typedef struct { unsigned pid; unsigned long long used; unsigned gi, ci; } process;

/* index 10 and 11 are the two MIG instances of card 0, there after `0 mig 1` */
static struct { int index; } cards[12] = {{0}, {1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}, {9}, {10}, {11}};

static int rule(int device, const char *call, int otherwise)
{
    const char *path = getenv("STAND_IN_RULES");
    FILE *file = path ? fopen(path, "r") : NULL;
    int found = otherwise, at, code;
    char name[80];
    while (file && fscanf(file, "%d %79s %d", &at, name, &code) == 3)
        if ((at == -1 || at == device) && strcmp(name, call) == 0) found = code;
    if (file) fclose(file);
    return found;
}

static int answer(int device, const char *call)
{
    const char *path = getenv("STAND_IN_LOG");
    FILE *log = path ? fopen(path, "a") : NULL;
    int code;
    if (log) { fprintf(log, "%d %s\n", device, call); fclose(log); }
    while ((code = rule(device, call, 0)) == HANG) usleep(2000);
    return code;
}

static int number(handle card, const char *call, unsigned value, unsigned *out)
{
    int code = answer(card->index, call);
    if (code == 0) *out = value;
    return code;
}

API int nvmlInitWithFlags(unsigned flags) { (void)flags; return answer(-1, "Init"); }
API int nvmlShutdown(void) { return answer(-1, "Shutdown"); }

API int nvmlSystemGetDriverVersion(char *out, unsigned size)
{
    snprintf(out, size, "555.42.06");
    return answer(-1, "DriverVersion");
}

API int nvmlDeviceGetCount_v2(unsigned *out)
{
    *out = (unsigned)rule(-1, "devices", 1);
    return answer(-1, "Count");
}

API int nvmlDeviceGetHandleByIndex_v2(unsigned index, handle *out)
{
    int code = answer((int)index, "Handle");
    if (code == 0) *out = (handle)&cards[index];
    return code;
}

API int nvmlDeviceGetHandleByUUID(const char *uuid, handle *out)
{
    int index = atoi(uuid + 4), code = answer(index, "HandleByUUID");
    if (code == 0) *out = (handle)&cards[index];
    return code;
}

API int nvmlDeviceGetUUID(handle card, char *out, unsigned size)
{
    snprintf(out, size, "GPU-%d-stand-in", card->index);
    return answer(card->index, "UUID");
}

API int nvmlDeviceGetName(handle card, char *out, unsigned size)
{
    snprintf(out, size, "Stand-in %d", card->index);
    return answer(card->index, "Name");
}

API int nvmlDeviceGetEnforcedPowerLimit(handle card, unsigned *out) { return number(card, "PowerLimit", 700000, out); }
API int nvmlDeviceGetPowerUsage(handle card, unsigned *out) { return number(card, "Power", 412500, out); }

API int nvmlDeviceGetTemperature(handle card, int sensor, unsigned *out)
{
    (void)sensor;
    return number(card, "Temperature", 61, out);
}

API int nvmlDeviceGetMigMode(handle card, unsigned *now, unsigned *pending)
{
    (void)pending;
    return number(card, "MigMode", (unsigned)rule(card->index, "mig", 0), now);
}

API int nvmlDeviceGetMaxMigDeviceCount(handle card, unsigned *out) { return number(card, "MigCount", 7, out); }

API int nvmlDeviceGetMigDeviceHandleByIndex(handle card, unsigned index, handle *out)
{
    if (index != 1 && index != 3) return 6; /* NOT_FOUND: instances may be anywhere */
    *out = (handle)&cards[index == 1 ? 10 : 11];
    return answer(card->index, "MigHandle");
}

API int nvmlDeviceGetMemoryInfo(handle card, memory_v1 *out)
{
    *out = (memory_v1){80ull << 30, 19ull << 30, 61ull << 30};
    return answer(card->index, "MemoryV1");
}

API int nvmlDeviceGetMemoryInfo_v2(handle card, memory_v2 *out)
{
    out->total = 80ull << 30;
    out->reserved = 1ull << 30;
    out->free = 19ull << 30;
    out->used = 60ull << 30;
    return answer(card->index, "MemoryV2");
}

API int nvmlDeviceGetUtilizationRates(handle card, rates *out)
{
    *out = (rates){(unsigned)rule(card->index, "percent", 97), 40};
    return answer(card->index, "Utilization");
}

API int nvmlDeviceGetCurrentClocksEventReasons(handle card, unsigned long long *out)
{
    *out = 0x4 | 0x40 | 0x1;
    return answer(card->index, "ClocksEvent");
}

API int nvmlDeviceGetCurrentClocksThrottleReasons(handle card, unsigned long long *out)
{
    *out = 0x8;
    return answer(card->index, "ClocksThrottle");
}

API int nvmlDeviceGetComputeRunningProcesses_v3(handle card, unsigned *count, process *out)
{
    static const process rows[3] = {{812, 59ull << 30, 0xffffffff, 0xffffffff},
                                    {0, 1ull << 30, 0xffffffff, 0xffffffff},
                                    {900, ~0ull, 0xffffffff, 0xffffffff}};
    int code = answer(card->index, "Processes");
    if (code) return code;
    if (*count < 3 || !out) { *count = 3; return 7; } /* INSUFFICIENT_SIZE */
    memcpy(out, rows, sizeof rows);
    *count = 3;
    return 0;
}
